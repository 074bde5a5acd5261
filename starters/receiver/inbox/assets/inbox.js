// Nothing here is needed: without it every page works the same, with more clicks.
const ticks = [...document.querySelectorAll('.gates input[type=checkbox]')];
const bulk = document.querySelector('fieldset.bulk');
if (bulk !== null && ticks.length > 1) {
  const all = document.createElement('input');
  all.type = 'checkbox';
  const label = document.createElement('label');
  label.className = 'inline';
  const text = document.createElement('span');
  label.append(all, text);
  bulk.querySelector('legend').after(label);
  const count = () => {
    const ticked = ticks.filter((tick) => tick.checked).length;
    text.textContent = ` All ${ticks.length} (${ticked} ticked)`;
    all.checked = ticked === ticks.length;
    all.indeterminate = ticked > 0 && ticked < ticks.length;
  };
  all.addEventListener('change', () => {
    for (const tick of ticks) tick.checked = all.checked;
    count();
  });
  for (const tick of ticks) tick.addEventListener('change', count);
  count();
}
// A second click on the same button would only be refused as a duplicate; this keeps it from happening.
for (const form of document.forms) {
  let isSent = false;
  form.addEventListener('submit', (event) => {
    if (isSent) event.preventDefault();
    isSent = true;
    setTimeout(() => { isSent = false; }, 5000);
  });
}
