/** A profile as text: a stream's keys on lines of their own, and what is in them on as few as can be. */
import { Document, isCollection, isMap, isScalar, isSeq, type Node, visit } from "yaml";

const width = 118;
/** Entries of a list of packets or fields that may share a line. */
const mostOnALine = 4;
const hexKeys = new Set(["checksum", "mask", "etherType"]);

export function writtenProfile(comment: string, profile: object): string {
  const document = new Document(profile, { aliasDuplicateObjects: false });
  document.commentBefore = comment;
  const streams = document.get("streams", true);
  if (isSeq(streams)) {
    for (const stream of streams.items) if (isMap(stream)) for (const { value } of stream.items) inFlow(value as Node);
  }
  visit(document, {
    Pair: (_, { key, value }) => {
      if (isScalar(key) && hexKeys.has(String(key.value)) && isScalar(value)) value.format = "HEX";
    },
  });
  return document.toString({ lineWidth: width, flowCollectionPadding: true });
}

/** Lists of packets and fields have a line for each entry where they are long. */
function inFlow(node: Node): void {
  if (!isCollection(node)) return;
  const isLong = node.items.length > mostOnALine || JSON.stringify(node).length > width;
  if (!isSeq(node) || !node.items.some(isMap) || !isLong) {
    node.flow = true;
    return;
  }
  for (const item of node.items) {
    // `- ipv4: { ttl: 3 }`
    const [only, ...others] = isMap(item) ? item.items : [];
    if (others.length === 0 && isMap(only?.value)) only.value.flow = true;
    else if (isCollection(item)) item.flow = true;
  }
}
