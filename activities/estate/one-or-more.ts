import { z } from 'zod';

/** A list, or the only item of one, whose complaint is then the item's own. */
export const oneOrMore = <T extends z.ZodType>(item: T) => z.preprocess((value) => (Array.isArray(value) ? value : [value]) as unknown[], z.array(item));
