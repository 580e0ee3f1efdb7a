/** A picture of 16 × 8 pixels. */
const JPEG = Buffer.from(
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/wAALCAAIABABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAAb/xAAWEAADAAAAAAAAAAAAAAAAAAAAE2H/2gAIAQEAAD8AmnUOp//Z',
  'base64',
);

/** Where the photo was taken. */
export const PLACE = '48.2082 N 16.3738 E';

/** A photo that tells where it was taken: in Exif, in XMP, in a comment, and in what follows its end. */
export function photo(): Buffer {
  const segment = (marker: number, text: string) => {
    const payload = Buffer.from(text, 'latin1');
    return Buffer.concat([
      Buffer.from([0xff, marker, (payload.length + 2) >> 8, (payload.length + 2) & 0xff]),
      payload,
    ]);
  };
  // A directory of one entry: the camera was held upright.
  const exif = segment(
    0xe1,
    `Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0${PLACE}`,
  );
  const xmp = segment(0xe1, `http://ns.adobe.com/xap/1.0/\0${PLACE}`);
  return Buffer.concat([
    JPEG.subarray(0, 20),
    exif,
    xmp,
    segment(0xfe, PLACE),
    JPEG.subarray(20),
    Buffer.from(PLACE),
  ]);
}
