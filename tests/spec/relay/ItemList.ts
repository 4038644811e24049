// What a front end with Relay writes: a list with pages, a fragment that is fetched again, a mutation.
import { graphql } from "relay-runtime";

export const query = graphql`
  query ItemListQuery($count: Int!, $cursor: String, $search: String) {
    viewer {
      tenant {
        name
      }
    }
    ...ItemList_items @arguments(count: $count, cursor: $cursor, search: $search)
  }
`;

export const list = graphql`
  fragment ItemList_items on Query
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 20 }
    cursor: { type: "String" }
    search: { type: "String" }
  )
  @refetchable(queryName: "ItemListPaginationQuery") {
    items(first: $count, after: $cursor, filter: { search: $search, active: true })
      @connection(key: "ItemList_items", filters: ["filter"]) {
      edges {
        node {
          id
          ...ItemList_item
        }
      }
    }
  }
`;

export const item = graphql`
  fragment ItemList_item on Item @refetchable(queryName: "ItemListItemRefetchQuery") {
    code
    name
    listPrice
    negativeStock
    baseUnit {
      code
    }
    units {
      numerator
      unit {
        code
      }
    }
  }
`;

export const children = graphql`
  fragment ItemList_children on Category
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" })
  @refetchable(queryName: "ItemListChildrenPaginationQuery") {
    name
    children(first: $count, after: $cursor) @connection(key: "ItemList_children") {
      edges {
        node {
          id
          name
        }
      }
    }
  }
`;

export const node = graphql`
  query ItemListNodeQuery($id: ID!) {
    node(id: $id) {
      __typename
      id
      ... on Item {
        ...ItemList_item @alias(as: "item")
      }
      ... on Document {
        number
        businessDate
        total
      }
      ... on Category {
        ...ItemList_children @alias(as: "category")
      }
    }
  }
`;

export const post = graphql`
  mutation ItemListPostMutation($input: PostDocumentInput!) {
    postDocument(input: $input) {
      document {
        id
        number
        state
        lines(first: 100) {
          nodes {
            no
            net
          }
        }
      }
      errors {
        code
        message
        path
        details
      }
    }
  }
`;

export const create = graphql`
  mutation ItemListCreateMutation($input: CreateItemInput!, $connections: [ID!]!) {
    createItem(input: $input) {
      item @appendNode(connections: $connections, edgeTypeName: "ItemEdge") {
        id
        ...ItemList_item
      }
      errors {
        code
        message
      }
    }
  }
`;
