/** As wide as the server keeps it. */
const SIZE = 512;

/** The square in the middle of a picture, as the server takes it. Fails where the browser cannot read it. */
export async function middleSquare(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file);
  try {
    const side = Math.min(picture.width, picture.height);
    const size = Math.min(side, SIZE);
    const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no canvas');
    // What can be seen through would be black in a JPEG.
    context.fillStyle = 'white';
    context.fillRect(0, 0, size, size);
    context.imageSmoothingQuality = 'high';
    const [left, top] = [(picture.width - side) / 2, (picture.height - side) / 2];
    context.drawImage(picture, left, top, side, side, 0, 0, size, size);
    return await new Promise<Blob>((done, failed) =>
      canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error('no picture'))), 'image/jpeg', 0.92),
    );
  } finally {
    picture.close();
  }
}
