/** Where a field stands in the estate file. */
export type Path = (string | number)[];

/** Says what is wrong with a field, and what to do. */
export type Complain = (path: Path, message: string) => void;
