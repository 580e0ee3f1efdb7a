import { tokensOf } from './highlight';

addEventListener('message', ({ data }: MessageEvent<{ code: string; grammar: string }>) => {
  postMessage(tokensOf(data.code, data.grammar));
});

// It has loaded and listens.
postMessage(null);
