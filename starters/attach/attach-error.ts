/** What stands in the way of attaching, in the user's words. */
export class AttachError extends Error {
  readonly kind: 'notFound' | 'usage' | 'refused';

  constructor(kind: AttachError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}
