// The explorer: GraphiQL over this server's own endpoint, signed in with the token of the page, if any.
"use strict";

const page = document.getElementById("explorer");
const { token, query } = page.dataset;
const headers = token ? { Authorization: `Bearer ${token}` } : {};

async function fetcher(request, options) {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: {
      Accept: "application/graphql-response+json",
      "Content-Type": "application/json",
      "Accept-Language": navigator.language,
      ...headers,
      ...options?.headers,
    },
    body: JSON.stringify(request),
  });
  return response.json();
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
