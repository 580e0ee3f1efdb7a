import type PhotoSwipe from 'photoswipe';

import { explain } from '../../core/http/problem';
import { Files } from '../../data/attachments/files';
import type { SentPicture } from '../../data/messages/loaded-pictures';

type Slide = NonNullable<PhotoSwipe['currSlide']>['content'];

interface Loading {
  readonly abort: AbortController;
  /** Of the picture itself, within this page. */
  address?: string;
}

/**
 * What PhotoSwipe shows: at first the small picture, then the picture itself. Their bytes need the token, so
 * they are fetched here and not by the browser.
 */
export class Slides {
  private readonly loading = new Map<Slide, Loading>();

  constructor(
    swipe: PhotoSwipe,
    private readonly files: Files,
    private readonly pictures: readonly SentPicture[],
    /** Whether a picture that could move is to stand still. */
    private readonly still: (picture: SentPicture) => boolean,
    private readonly said: (picture: SentPicture, failure: string) => void,
  ) {
    swipe.on('contentLoadImage', (event) => {
      event.preventDefault();
      void this.load(event.content);
    });
    // What did not load is tried again when one comes back to it.
    swipe.on('contentActivate', ({ content }) => {
      if (content.state === 'error') void this.load(content);
    });
    swipe.on('contentDestroy', ({ content }) => this.end(content));
    swipe.addFilter('useContentPlaceholder', () => false);
  }

  private async load(slide: Slide): Promise<void> {
    const picture = this.pictures[slide.index]!;
    const image = slide.element as HTMLImageElement;
    this.end(slide);
    const loading: Loading = { abort: new AbortController() };
    this.loading.set(slide, loading);
    const { signal } = loading.abort;
    image.alt = picture.file.name;
    image.classList.add('small');
    slide.state = 'loading';
    this.said(picture, '');
    const small = this.files.picture(picture.file.thumbnailUrl!).then(
      (address) => {
        if (!signal.aborted && !loading.address) image.src = address;
        return address;
      },
      () => '',
    );
    try {
      if (!this.still(picture)) await this.show(slide, loading, picture);
    } catch (error) {
      if (signal.aborted) return;
      this.said(picture, explain(error));
      slide.state = 'error';
      return;
    }
    await small;
    if (!signal.aborted) slide.onLoaded();
  }

  private async show(slide: Slide, loading: Loading, picture: SentPicture): Promise<void> {
    const { signal } = loading.abort;
    const bytes = await this.files.bytes(picture.file, signal);
    if (signal.aborted) return;
    const whole = Object.assign(new Image(), { src: (loading.address = URL.createObjectURL(bytes)) });
    const image = slide.element as HTMLImageElement;
    try {
      await whole.decode();
      image.src = loading.address;
      image.classList.remove('small');
    } catch {
      // What the browser cannot show after all is shown small.
      image.src = await this.files.picture(picture.file.thumbnailUrl!);
      this.said(picture, $localize`This browser cannot show it larger.`);
    }
  }

  private end(slide: Slide): void {
    const loading = this.loading.get(slide);
    if (!loading) return;
    this.loading.delete(slide);
    loading.abort.abort();
    if (loading.address) URL.revokeObjectURL(loading.address);
  }
}
