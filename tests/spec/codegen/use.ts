// The types that the code generator makes are of use: this is compiled strictly, and never run.
import type { FoundQuery, PostMutation, PostMutationVariables, StockQuery } from "./out";
import type { Item } from "./schema";

export const price = (item: Item): string | null | undefined => item.listPrice;

export const variables: PostMutationVariables = {
  input: {
    commandId: "018f4e2a-0000-7000-8000-000000000000",
    document: {
      type: "issue",
      businessDate: "2026-03-01",
      lines: [{ itemId: "SXRlbTo", quantity: "1.5" }],
    },
  },
};

export const wrong: PostMutationVariables = {
  // @ts-expect-error a document says its day
  input: { commandId: "x", document: { type: "issue", lines: [] } },
};

export function shown(answer: StockQuery): string[] {
  return answer.stock.nodes.map((line) => `${line.item?.code}: ${line.quantity}`);
}

export function number(answer: FoundQuery): string | null | undefined {
  return answer.node?.__typename === "Document" ? answer.node.number : undefined;
}

export function outOfStock(answer: PostMutation): boolean {
  return answer.postDocument.errors.some((error) => error.code === "OUT_OF_STOCK");
}
