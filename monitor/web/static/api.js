// Questions to the API of this page's own host.
// The path prefix that the page is reached under; empty at the root of its host.
export const base = document.documentElement.dataset.base;

export class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function search(parameters) {
  const known = Object.entries(parameters).filter(
    ([, v]) => v !== null && v !== undefined && v !== "",
  );
  const text = new URLSearchParams(known).toString();
  return text ? `?${text}` : "";
}

async function answerOf(response) {
  if (response.status === 401) {
    location.assign(`${base}/login`);
  }
  const document_ = await response.json();
  if (!response.ok) {
    throw new Problem(response.status, [document_.error, ...document_.details].join("; "));
  }
  return document_;
}

export async function ask(path, parameters = {}) {
  const response = await fetch(`${base}/api/v1${path}${search(parameters)}`, {
    headers: { Accept: "application/json" },
  });
  return answerOf(response);
}

export async function send(path, body) {
  const response = await fetch(`${base}/api/v1${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return answerOf(response);
}
