/** Sends JSON and returns `{ status, body }`; a body that is not JSON comes back as text. */
export async function send(method, url, content) {
  const response = await fetch(url, {
    method,
    ...(content && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) }),
  });
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: text };
  }
}

/** Like `send`, for requests that have to succeed: returns the body, or throws an error with the reason. */
export async function sendOrFail(method, url, content) {
  const { status, body } = await send(method, url, content);
  if (status < 400) return body;
  throw new Error(`${method} ${url} answered ${status}: ${body.code ?? ''} ${body.message ?? body}`);
}
