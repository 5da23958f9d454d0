/** A parameter's place in its nested name: `A.1.B=x` is A → 1 → B → "x". */
type Node = string | Tree;
type Tree = Map<string, Node>;

/** Lists by the name of their members on the wire (SQS API reference, "Making Query API requests"). */
const lists: Readonly<Record<string, string>> = {
  ActionName: "Actions",
  AttributeName: "AttributeNames",
  AWSAccountId: "AWSAccountIds",
  ChangeMessageVisibilityBatchRequestEntry: "Entries",
  DeleteMessageBatchRequestEntry: "Entries",
  MessageAttributeName: "MessageAttributeNames",
  MessageSystemAttributeName: "MessageSystemAttributeNames",
  SendMessageBatchRequestEntry: "Entries",
  TagKey: "TagKeys",
};

/** An empty list comes as the list's own name without a value. */
const listNames = new Set(Object.values(lists));

/** Maps by the name of their entries: what the map is called, and what its keys are. */
const maps: Readonly<Record<string, { name: string; key: string }>> = {
  Attribute: { name: "Attributes", key: "Name" },
  MessageAttribute: { name: "MessageAttributes", key: "Name" },
  MessageSystemAttribute: { name: "MessageSystemAttributes", key: "Name" },
  Tag: { name: "Tags", key: "Key" },
};

/** The parameters of a query request as the fields of the JSON protocol: both mean the same operations. */
export function fieldsOf(pairs: Iterable<readonly [name: string, value: string]>): Record<string, unknown> {
  return structure(nest(pairs));
}

function nest(pairs: Iterable<readonly [string, string]>): Tree {
  const root: Tree = new Map();
  for (const [name, value] of pairs) {
    const parts = name.split(".");
    const last = parts.pop() ?? "";
    let tree = root;
    for (const part of parts) {
      const found = tree.get(part);
      const next: Tree = found instanceof Map ? found : new Map<string, Node>();
      tree.set(part, next);
      tree = next;
    }
    tree.set(last, value);
  }
  return root;
}

function structure(tree: Tree): Record<string, unknown> {
  const entries = [...tree].map(([name, node]): [string, unknown] => {
    const list = lists[name];
    const map = maps[name];
    if (list !== undefined) return [list, membersOf(node).map(plain)];
    if (map !== undefined) return [map.name, mapOf(membersOf(node), map.key)];
    return [name, node === "" && listNames.has(name) ? [] : plain(node)];
  });
  return Object.fromEntries(entries);
}

const plain = (node: Node): unknown => (typeof node === "string" ? node : structure(node));

/** Members in the order of their numbers. A lone one may come without a number. */
function membersOf(node: Node): Node[] {
  if (typeof node === "string") return [node];
  if (![...node.keys()].every((key) => /^\d+$/.test(key))) return [node];
  return [...node].toSorted(([a], [b]) => Number(a) - Number(b)).map(([, member]) => member);
}

function mapOf(members: readonly Node[], keyName: string): Record<string, unknown> {
  return Object.fromEntries(
    members.flatMap((member) => {
      const key = typeof member === "string" ? undefined : member.get(keyName);
      if (typeof member === "string" || typeof key !== "string") return [];
      return [[key, plain(member.get("Value") ?? "")]];
    }),
  );
}
