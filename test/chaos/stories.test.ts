/** The long stories of the docs: many looks, many real jobs. */
import { storiesOf, testStories } from '../support/stories.ts';

testStories(storiesOf('chaos'));
