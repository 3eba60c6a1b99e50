"""How the page of a simulation looks: by day, by night, and on a telephone."""

_LIGHT = """
  --ground: #f5f6f7; --paper: #fff; --sunk: #eceef1; --ink: #14181d; --soft: #56606b; --line: #d8dce1;
  --good: #1a7434; --bad: #b3261e;
  --v0: #0b5cbd; --v1: #b85c00; --v2: #1a7f4b; --v3: #b0447a; --v4: #7a4fb5; --v5: #0f7d87; --v6: #7d5a1e;
  --v7: #56606b;
"""
_DARK = """
  --ground: #101317; --paper: #171b20; --sunk: #1e242b; --ink: #e7eaee; --soft: #9da8b4; --line: #2b323a;
  --good: #4fc06c; --bad: #ff837a;
  --v0: #70b3ff; --v1: #f0a04b; --v2: #4fc08a; --v3: #ee8fbd; --v4: #b795ec; --v5: #55c3cd; --v6: #d3ae6c;
  --v7: #a3aeba;
"""
_RULES = """
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 20px 16px 48px; }
h1 { font-size: 22px; margin: 0 0 12px; }
h2 { font-size: 17px; margin: 28px 0 10px; }
p { margin: 6px 0; color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; }
.wide { overflow-x: auto; background: var(--paper); border: 1px solid var(--line); border-radius: 5px; }
table { border-collapse: collapse; min-width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 12px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
tr:last-child > * { border-bottom: 0; }
th { font-weight: 600; }
thead th { min-width: 6.5em; max-width: 20em; white-space: normal; vertical-align: bottom; }
tbody th { font-weight: 400; color: var(--soft); }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--paper); }
thead th, thead td, thead th:first-child { background: var(--sunk); }
.differs th, .differs td { font-weight: 600; color: var(--ink); }
.best { color: var(--good); font-weight: 600; }
.log td, .log th { text-align: left; white-space: normal; vertical-align: top; }
.log td:first-child { white-space: nowrap; }
details { margin: 8px 0; }
summary { cursor: pointer; padding: 4px 0; }
.key { display: inline-block; width: 16px; height: 0; margin-right: 7px; vertical-align: middle;
  border-top: 3px solid var(--own); }
.key.again { border-top-style: dashed; }
.legend { position: sticky; top: 0; display: flex; flex-wrap: wrap; gap: 4px 20px; padding: 8px 0; list-style: none;
  margin: 0; background: var(--ground); z-index: 1; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 12px; }
figure { margin: 0; padding: 10px 10px 4px; background: var(--paper); border: 1px solid var(--line);
  border-radius: 5px; }
figcaption { font-weight: 600; font-size: 14px; }
svg { display: block; width: 100%; height: auto; }
svg text { font-size: 11px; fill: var(--soft); }
.grid { stroke: var(--line); }
.limit { stroke: var(--bad); stroke-dasharray: 5 4; }
svg text.limit { fill: var(--bad); stroke: var(--paper); stroke-width: 4px; stroke-dasharray: none;
  paint-order: stroke; }
.curve { fill: none; stroke: var(--own); stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round;
  vector-effect: non-scaling-stroke; }
.curve.again { stroke-dasharray: 7 4; }
.curve.faint { opacity: 0.4; }
.curve.neutral { stroke: var(--soft); }
@media (max-width: 520px) {
  svg text { font-size: 13px; }
  table { font-size: 14px; }
  th, td { padding: 5px 7px; white-space: normal; }
  tbody th { min-width: 8.5em; }
}
footer { margin-top: 28px; font-size: 13px; color: var(--soft); }
"""
_OWN = "\n".join(f".v{number} {{ --own: var(--v{number}); }}" for number in range(8))
STYLE = (
    f":root {{ color-scheme: light dark;{_LIGHT}}}\n"
    f"@media (prefers-color-scheme: dark) {{ :root {{{_DARK}}} }}{_RULES}{_OWN}\n"
)
