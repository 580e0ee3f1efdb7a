import { addIcons } from './icon';

/** Drawn like those of `icon.ts`; only what is loaded with `rare.ts` has them. */
addIcons({
  archive: 'M3.5 5h17v4h-17zM5 9v10h14V9M10 13h4',
  chat: 'M4 5h16v11H10l-4 4v-4H4z',
  copy: 'M9 9h10v10H9zM5 15V5h10',
  dark: 'M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5',
  delete: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  edit: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
  filter: 'M4 6h16l-6.2 7v5.5l-3.6-2V13z',
  file: 'M14 3.5H6.5v17h11V7zM14 3.5V7h3.5',
  forward: 'M14 6l6 6-6 6M20 12h-9a7 7 0 0 0-7 6.5',
  light:
    'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4',
  leave: 'M14 5H5v14h9M10 12h10M17 9l3 3-3 3',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3M12 14.5v2',
  open: 'M13 5h6v6M19 5l-8 8M10 5H5v14h14v-5',
  pause: 'M9 5v14M15 5v14',
  person: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4.5 20a7.5 7.5 0 0 1 15 0',
  picture: 'M4 5h16v14H4zM4 16l5-5 4.5 4.5 2.5-2.5 4 4M15.5 9h.01',
  play: 'M8 5l11 7-11 7z',
  plus: 'M12 5v14M5 12h14',
  save: 'M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14',
  settings: 'M4 7h9M17 7h3M15 5v4M4 12h3M11 12h9M9 10v4M4 17h11M19 17h1M17 15v4',
  sound: 'M6 16V11a6 6 0 0 1 12 0v5M4 16.5h16M10 20h4',
  system: 'M4 5h16v11H4zM9 20h6M12 16v4',
  unread: 'M4 6h16v12H4zM4 7l8 6 8-6',
  up: 'M6 15l6-6 6 6',
  warning: 'M12 4L2.8 20h18.4zM12 10v4.5M12 17.3h.01',
  zoomIn: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12M15.5 15.5L20 20M11 8.5v5M8.5 11h5',
  zoomOut: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12M15.5 15.5L20 20M8.5 11h5',
});
