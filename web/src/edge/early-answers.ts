/**
 * Answers that public/start.js asked the hub for before the modules of the page were read.
 *
 * Owns nothing: it takes them away, each once, so that nobody is told something old. What was not asked early, or failed, is asked as usual.
 */
type EarlyWindow = typeof globalThis & { lapwingEarly?: Record<string, Promise<Response | null>> };

export async function takeEarly(path: string): Promise<Response | null> {
  const answers = (globalThis as EarlyWindow).lapwingEarly;
  const answer = answers?.[path];
  if (answers === undefined || answer === undefined) return null;
  delete answers[path];
  return answer;
}
