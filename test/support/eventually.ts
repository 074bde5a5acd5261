/** Repeats an assertion until it holds, and answers what it returns; after `timeoutMs` the assertion's own error is thrown. */
export async function eventually<T>(assertion: () => T | Promise<T>, { timeoutMs = 20_000, everyMs = 50 }: { timeoutMs?: number; everyMs?: number } = {}): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((done) => setTimeout(done, everyMs));
    }
  }
}
