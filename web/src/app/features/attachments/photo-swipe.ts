// Fetched when the first picture is opened: it is as large as a tenth of the first load.
import sheet from 'photoswipe/dist/photoswipe.css' with { loader: 'text' };

export { default as PhotoSwipe } from 'photoswipe';
export { sheet };
