// The types that Relay makes are of use: this is compiled strictly, and never run.
import type { ItemListPostMutation } from "./out/ItemListPostMutation.graphql";
import type { ItemListQuery } from "./out/ItemListQuery.graphql";
import type { ItemList_item$data } from "./out/ItemList_item.graphql";

export const variables: ItemListQuery["variables"] = { count: 20, search: "可乐" };

export const input: ItemListPostMutation["variables"]["input"] = {
  commandId: "018f4e2a-0000-7000-8000-000000000000",
  document: {
    type: "receipt",
    businessDate: "2026-03-01",
    lines: [{ itemId: "SXRlbTo", quantity: "1.5", role: "CONSUME" }],
  },
};

// @ts-expect-error a quantity is text: numbers lose digits
export const wrong: typeof input.document.lines = [{ itemId: "SXRlbTo", quantity: 1.5 }];

export function price(item: ItemList_item$data): string {
  return item.listPrice ?? "0";
}

export function refusals(response: ItemListPostMutation["response"]): string[] {
  return response.postDocument.errors.map((error) =>
    error.code === "OUT_OF_STOCK" ? error.message : `${error.path.join(".")}: ${error.message}`,
  );
}
