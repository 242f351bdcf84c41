/** A driver's own statistics, as `ethtool -S` shows them: names and 64-bit counters. In the calling thread's namespace. */
import { ethtool } from "./netdev.js";

const ETHTOOL_GSTRINGS = 0x1b;
const ETHTOOL_GSTATS = 0x1d;
const ETHTOOL_GSSET_INFO = 0x37;
const ETH_SS_STATS = 1;
const ETH_GSTRING_LEN = 32;

/** The driver's statistics by name; null: no such interface, or its driver has none. */
export function interfaceDriverStatistics(name: string): ReadonlyMap<string, number> | null {
  const info = Buffer.alloc(24); // struct ethtool_sset_info with room for one set
  info.writeUInt32LE(ETHTOOL_GSSET_INFO, 0);
  info.writeBigUInt64LE(1n << BigInt(ETH_SS_STATS), 8);
  if (!ethtool(name, info)) return null;
  const count = info.readUInt32LE(16);
  if (count === 0) return null;
  const strings = Buffer.alloc(12 + count * ETH_GSTRING_LEN); // struct ethtool_gstrings
  strings.writeUInt32LE(ETHTOOL_GSTRINGS, 0);
  strings.writeUInt32LE(ETH_SS_STATS, 4);
  strings.writeUInt32LE(count, 8);
  const values = Buffer.alloc(8 + count * 8); // struct ethtool_stats
  values.writeUInt32LE(ETHTOOL_GSTATS, 0);
  values.writeUInt32LE(count, 4);
  if (!ethtool(name, strings) || !ethtool(name, values)) return null;
  return new Map(
    Array.from({ length: count }, (_, i) => {
      const at = 12 + i * ETH_GSTRING_LEN;
      const word = strings.toString("utf8", at, at + ETH_GSTRING_LEN).replace(/\0.*$/s, "");
      return [word.trim(), Number(values.readBigUInt64LE(8 + 8 * i))];
    }),
  );
}
