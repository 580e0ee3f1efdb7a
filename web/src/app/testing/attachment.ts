import type { Attachment } from '../protocol/protocol';

export const picture = (width: number, height: number, id = 'p'): Attachment => ({
  id,
  name: `${id}.png`,
  type: 'image/png',
  size: 1,
  width,
  height,
  url: `/${id}`,
  thumbnailUrl: `/${id}/thumbnail`,
});
export const file = (id = 'f'): Attachment => ({
  id,
  name: `${id}.pdf`,
  type: 'application/pdf',
  size: 1,
  url: `/${id}`,
});
