/** Repeats an assertion until it holds; after `timeoutMs` the assertion's own error is thrown. */
export async function eventually(assertion: () => unknown, { timeoutMs = 20_000, everyMs = 50 }: { timeoutMs?: number; everyMs?: number } = {}): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      await assertion();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((done) => setTimeout(done, everyMs));
    }
  }
}
