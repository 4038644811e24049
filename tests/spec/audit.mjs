// The audits of the GraphQL-over-HTTP specification against a running server: one line of JSON each.
import { serverAudits } from "graphql-http";

const [url, token] = process.argv.slice(2);
const audits = serverAudits({
  url,
  fetchFn: (input, init) =>
    fetch(input, { ...init, headers: { ...init?.headers, authorization: `Bearer ${token}` } }),
});
for (const audit of audits) {
  const { name, status, reason } = await audit.fn();
  console.log(JSON.stringify({ id: audit.id, name, status, reason }));
}
