/** The page's looks: light, dark, print, narrow. The eight colours are Okabe and Ito's, for all kinds of sight. */
export const style = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#59636e;--rule:#d1d9e0;--head:#f6f8fa;--pass:#116329;--fail:#b42318;--invalid:#8a5a00;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#a6468a;--c4:#b97a00;--c5:#2e8fc4;--c6:#8a7500;--c7:#8b949e}
@media (prefers-color-scheme:dark){:root{--paper:#0d1117;--ink:#e6edf3;--soft:#9198a1;--rule:#30363d;--head:#161b22;--pass:#4ac26b;--fail:#ff7b72;--invalid:#e3b341;
--c0:#58a6ff;--c1:#ff9a5c;--c2:#3fd1a3;--c3:#e29bd0;--c4:#f0b429;--c5:#8fd3ff;--c6:#f0e442;--c7:#6e7681}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1.5rem clamp(.75rem,3vw,2.5rem);background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}
p{margin:.4rem 0}.soft,figcaption,.note{color:var(--soft)}.note{font-size:.9rem}
.verdict{border:1px solid var(--rule);border-left:.5rem solid var(--soft);border-radius:.3rem;padding:.6rem 1rem;margin:1rem 0;background:var(--head)}
.verdict strong{font-size:1.25rem;margin-right:.5rem}.verdict.pass{border-left-color:var(--pass)}.verdict.fail{border-left-color:var(--fail)}.verdict.invalid{border-left-color:var(--invalid)}
.pass strong,td.pass{color:var(--pass)}.fail strong,td.fail{color:var(--fail)}.invalid strong,td.invalid{color:var(--invalid)}td.pass,td.fail,td.invalid{font-weight:600}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .65rem;border-bottom:1px solid var(--rule);vertical-align:bottom}
th{background:var(--head);font-weight:600;text-align:left}.wide td{white-space:nowrap}th.right,td.right{text-align:right}
table.facts th{vertical-align:top;white-space:nowrap}table.facts td{overflow-wrap:anywhere}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,28rem),1fr));gap:1rem}
figure{margin:0;border:1px solid var(--rule);border-radius:.3rem;padding:.6rem}
figcaption{font-size:.9rem;margin-bottom:.3rem}
figure>svg{width:100%;height:auto;display:block}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;list-style:none;margin:.3rem 0 0;padding:0;font-size:.85rem}.legend li{display:flex;align-items:center;gap:.35rem}
.key{width:26px;height:14px}
svg text{fill:var(--ink);font:12px system-ui,"Liberation Sans",sans-serif}svg .tick{fill:var(--soft)}
.grid{stroke:var(--rule);stroke-width:1}.axis{fill:none;stroke:var(--soft);stroke-width:1}
.line{fill:none;stroke:var(--c);stroke-width:1.8;stroke-linejoin:round}.mark{fill:var(--c);stroke:var(--c)}.mark.open{fill:var(--paper)}.cross{fill:none;stroke:var(--c);stroke-width:2}.bar{fill:var(--c)}
.limit{stroke:var(--ink);stroke-width:2;stroke-dasharray:5 3}
.s0{--c:var(--c0)}.s1{--c:var(--c1)}.s2{--c:var(--c2)}.s3{--c:var(--c3)}.s4{--c:var(--c4)}.s5{--c:var(--c5)}.s6{--c:var(--c6)}.s7{--c:var(--c7)}
.line.s1{stroke-dasharray:7 3}.line.s2{stroke-dasharray:2 3}.line.s3{stroke-dasharray:9 3 2 3}.line.s4{stroke-dasharray:12 4}.line.s5{stroke-dasharray:5 2 1 2 1 2}.line.s7{stroke-width:1;stroke-dasharray:3 4}
ul.said{padding-left:1.2rem}details>summary{cursor:pointer;color:var(--soft)}
@media print{:root{color-scheme:light;--paper:#fff;--ink:#000;--soft:#444;--rule:#bbb;--head:#f2f2f2;--pass:#116329;--fail:#b42318;--invalid:#8a5a00;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#a6468a;--c4:#b97a00;--c5:#2e8fc4;--c6:#8a7500;--c7:#8b949e}
body{max-width:none;padding:0;font-size:10pt}table{font-size:7.5pt}th,td,.wide td,td.right{padding:.1rem .3rem;white-space:normal}figure,tr,.verdict{break-inside:avoid}h2{break-after:avoid}.wide{overflow:visible}details>*{display:block}}
`;
