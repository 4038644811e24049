// The explorer: GraphiQL over this server's own endpoint, signed in with the token of the page, if any.
"use strict";

const page = document.getElementById("explorer");
const { token, query } = page.dataset;
const headers = token ? { Authorization: `Bearer ${token}` } : {};

// The answers of a subscription, as they come.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const whole = (text + part.value).split("\n\n");
      text = whole.pop();
      for (const event of whole) {
        const data = /^data: (.+)$/m.exec(event);
        if (data) yield JSON.parse(data[1]);
      }
    }
  } finally {
    await reader.cancel();
  }
}

async function fetcher(request, options) {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: {
      Accept: "application/graphql-response+json, text/event-stream",
      "Content-Type": "application/json",
      "Accept-Language": navigator.language,
      ...headers,
      ...options?.headers,
    },
    body: JSON.stringify(request),
  });
  const streams = response.headers.get("Content-Type").startsWith("text/event-stream");
  return streams ? events(response) : response.json();
}

const { createElement } = React;

ReactDOM.createRoot(page).render(
  createElement(
    GraphiQL,
    {
      fetcher,
      defaultQuery: query,
      defaultHeaders: JSON.stringify(headers, null, 2),
      defaultEditorToolsVisibility: "headers",
      shouldPersistHeaders: false,
      inputValueDeprecation: true,
    },
    createElement(GraphiQL.Logo, null, createElement("span", { className: "explorer-name" }, "Tallybook")),
  ),
);
