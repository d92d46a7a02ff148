// Shows what is new without a reload. Without this script, the page shows what was there when it was asked for.
const isInUse = (region) =>
  [...region.querySelectorAll('input:not([type=hidden]), textarea')].some(
    (field) => field === document.activeElement || field.value !== field.defaultValue,
  );

const renew = async () => {
  const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
  // What a refused button shows is no page that could be asked for again.
  if (!answer.ok || answer.redirected) return;
  const now = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const region of document.querySelectorAll('[data-live]')) {
    const fresh = now.getElementById(region.id);
    if (!fresh || isInUse(region) || fresh.innerHTML === region.innerHTML) continue;
    const focused = region.contains(document.activeElement) ? document.activeElement.id : '';
    const open = [...region.querySelectorAll('details[open]')].map((details) => details.id);
    region.replaceChildren(...fresh.childNodes);
    for (const id of open) document.getElementById(id)?.setAttribute('open', '');
    if (focused) document.getElementById(focused)?.focus();
  }
};

let waiting;
const soon = () => {
  clearTimeout(waiting);
  waiting = setTimeout(renew, 150);
};

if (document.querySelector('[data-live]')) {
  const events = new EventSource('/events');
  events.addEventListener('request', soon);
  events.addEventListener('change', soon);
  events.addEventListener('open', soon);
}
