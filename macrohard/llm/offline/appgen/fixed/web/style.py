"""The style sheet and the icon: readable on a phone, in the dark, and with the keyboard alone."""

CSS = """\
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #f1f3f5;
  --line: #7b8590; --link: #0b57a4; --bad: #a11212; --good: #14622f; --focus: #b35900; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --paper: #16191d; --soft: #23282e; --line: #8b949e;
    --link: #8ab8f5; --bad: #ff9c94; --good: #8bd8a2; --focus: #ffb25e; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.5 system-ui, "DejaVu Sans", sans-serif; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; background: var(--paper); padding: .5rem 1rem; }
.skip:focus { left: .5rem; top: .5rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
header, main, footer { max-width: 64rem; margin: 0 auto; padding: .75rem 1rem; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline;
  border-bottom: 1px solid var(--line); }
.icon { vertical-align: middle; margin-right: .5rem; }
.empty { display: block; max-width: 100%; height: auto; margin: 1rem 0; }
nav ul, .actions { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1rem;
  margin: 0; padding: 0; }
nav a, .actions a { display: inline-block; padding: .4rem 0; }
[aria-current] { font-weight: 700; color: var(--ink); }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 1.5rem 0 .5rem; }
.field { margin: 0 0 1rem; max-width: 32rem; }
label { display: block; font-weight: 600; }
.hint { display: block; font-size: .95rem; }
.wrong { display: block; color: var(--bad); font-weight: 600; }
input, select, button, .button { font: inherit; color: inherit; min-height: 2.75rem;
  max-width: 100%; border-radius: .3rem; }
input, select { display: block; width: 100%; padding: .4rem .6rem; background: var(--paper);
  border: 1px solid var(--line); }
[aria-invalid] { border: 2px solid var(--bad); }
button, .button { padding: .5rem 1rem; background: var(--link); color: var(--paper);
  border: 1px solid var(--link); cursor: pointer; text-decoration: none; display: inline-block; }
button.danger { background: var(--bad); border-color: var(--bad); }
.narrowing { background: var(--soft); padding: .75rem 1rem; border-radius: .3rem; }
.narrowing form { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; }
.narrowing .field { flex: 1 1 10rem; margin: 0; }
.told, .problem { border-left: .4rem solid var(--good); background: var(--soft);
  padding: .6rem 1rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
.problem { border-color: var(--bad); }
.table { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0;
  border-bottom: 1px solid var(--line); }
.day { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: minmax(6rem, auto) 1fr; gap: .25rem 1rem; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
.figure { font-size: 1.6rem; font-weight: 700; }
footer { border-top: 1px solid var(--line); margin-top: 2rem; font-size: .95rem; }
@media (max-width: 40rem) {
  table, caption, tbody, tr, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { border: 1px solid var(--line); border-radius: .3rem; padding: .5rem .75rem;
    margin: 0 0 .75rem; }
  td, .number { border: 0; padding: .15rem 0; text-align: left; overflow-wrap: anywhere; }
  td[data-heading]::before { content: attr(data-heading) ": "; font-weight: 600; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin: 0 0 .5rem; }
}
"""

ICON = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" \
fill="#0b57a4"/><path d="M8 10h16M8 16h16M8 22h10" stroke="#fff" stroke-width="3" \
stroke-linecap="round"/></svg>
"""
