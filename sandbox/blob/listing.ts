import type { Blob } from './blob-store.ts';

export interface ListingQuery {
  prefix?: string;
  delimiter?: string;
  /** The name after which the page begins. */
  marker?: string;
  maxresults?: string;
}

const LARGEST_PAGE = 5000;

/**
 * The answer to List Blobs: with a delimiter, names that have it after the prefix are folded into one `BlobPrefix` each.
 *
 * Written as text: the document is three elements deep, and the builder that the SDK uses is not ours to depend on.
 */
export function listingXml(blobs: Blob[], query: ListingQuery, { serviceUrl, container }: { serviceUrl: string; container: string }): string {
  const entries = fold(blobs, query.prefix ?? '', query.delimiter);
  const rest = entries.filter(({ name }) => name > (query.marker ?? ''));
  const page = rest.slice(0, Math.min(Number(query.maxresults ?? LARGEST_PAGE), LARGEST_PAGE));
  const nextMarker = page.length < rest.length ? (page.at(-1)?.name ?? '') : '';
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<EnumerationResults ServiceEndpoint="${escapeXml(serviceUrl)}/" ContainerName="${escapeXml(container)}">`,
    element('Prefix', query.prefix ?? ''),
    '<Blobs>',
    ...page.map(({ name, blob }) => (blob ? blobXml(blob) : `<BlobPrefix>${element('Name', name)}</BlobPrefix>`)),
    '</Blobs>',
    element('NextMarker', nextMarker),
    '</EnumerationResults>',
  ].join('');
}

/** The body of an error of the blob service. */
export function errorXml(code: string, message: string): string {
  return `<?xml version="1.0" encoding="utf-8"?><Error>${element('Code', code)}${element('Message', message)}</Error>`;
}

interface Entry {
  name: string;
  /** Absent for a folded prefix. */
  blob?: Blob;
}

function fold(blobs: Blob[], prefix: string, delimiter: string | undefined): Entry[] {
  const entries = new Map<string, Entry>();
  for (const blob of blobs) {
    const end = delimiter ? blob.name.indexOf(delimiter, prefix.length) : -1;
    const name = end < 0 || !delimiter ? blob.name : blob.name.slice(0, end + delimiter.length);
    entries.set(name, end < 0 ? { name, blob } : { name });
  }
  return [...entries.values()];
}

function blobXml(blob: Blob): string {
  const properties = [
    element('Creation-Time', blob.createdAt.toUTCString()),
    element('Last-Modified', blob.modifiedAt.toUTCString()),
    element('Etag', blob.etag.replaceAll('"', '')),
    element('Content-Length', String(blob.sizeBytes)),
    element('Content-Type', blob.contentType),
    element('BlobType', 'BlockBlob'),
  ];
  return `<Blob>${element('Name', blob.name)}<Properties>${properties.join('')}</Properties></Blob>`;
}

function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
