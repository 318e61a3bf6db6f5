/** Reads the answer to its end, for those who want its head alone: a body that nobody reads keeps its connection, and jest waits for that. */
export async function fetchWhole(url: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  await response.arrayBuffer();
  return response;
}
