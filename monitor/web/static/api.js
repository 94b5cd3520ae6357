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
  const given = Object.entries(parameters).filter(
    ([, v]) => v !== null && v !== undefined && v !== "",
  );
  const text = new URLSearchParams(given).toString();
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

/** The answer of a path of this page's own host. */
export async function follow(path) {
  return answerOf(await fetch(`${base}${path}`, { headers: { Accept: "application/json" } }));
}

/** The answer to something that is sent. */
export async function post(path, body) {
  const response = await fetch(`${base}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return answerOf(response);
}

export const ask = (path, parameters = {}) => follow(`/api/v1${path}${search(parameters)}`);

export const send = (path, body) => post(`/api/v1${path}`, body);
