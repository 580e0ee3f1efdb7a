// Before the first paint, and in a form that any browser reads: how the client looks, in which language, and what
// is said where it cannot start.
(function () {
  var root = document.documentElement;
  var base = root.dataset.base || '';

  function chosen(aspect) {
    try {
      return localStorage.getItem('aldis' + base + ':' + aspect);
    } catch (error) {
      // Where nothing may be stored nothing was chosen.
    }
  }

  ['theme', 'text'].forEach(function (aspect) {
    var choice = chosen(aspect);
    if (choice) root.dataset[aspect] = choice;
  });

  var LANGUAGES = ['en', 'de', 'es', 'fr', 'ja', 'ar'];
  var wanted = [chosen('language') || ''].concat(navigator.languages || []);
  for (var i = 0; i < wanted.length; i++) {
    var language = wanted[i].split('-')[0].toLowerCase();
    if (LANGUAGES.indexOf(language) < 0) continue;
    root.lang = language;
    if (language === 'ar') root.dir = 'rtl';
    if (language !== 'en') ask(base + '/locale/' + language + '.json');
    break;
  }

  /** What the page says comes while its scripts do. */
  function ask(path) {
    var link = document.createElement('link');
    link.rel = 'preload';
    link.as = 'fetch';
    link.crossOrigin = 'anonymous';
    link.href = path;
    document.head.appendChild(link);
  }

  var PATIENCE = 20000;
  var reads = window.Map && Map.groupBy && 'popover' in root && window.Intl && Intl.Segmenter;
  var shows = window.CSS && CSS.supports && CSS.supports('color', 'light-dark(red, red)');
  if (!reads || !shows) root.dataset.old = '';

  /** The frame of the router is there from the start, and shows nothing yet. */
  function started() {
    return document.querySelector('aldis-root > :not(router-outlet)');
  }

  function say(text) {
    var note = document.getElementById('cannot');
    if (!note || started()) return;
    note.querySelector('p').textContent = text;
    note.querySelector('button').onclick = function () {
      location.reload();
    };
    note.hidden = false;
  }

  function late() {
    say('Aldis did not start. Check the connection, and load the page once more.');
  }

  addEventListener(
    'error',
    function (event) {
      if (event.target && event.target.tagName === 'SCRIPT') late();
    },
    true
  );
  addEventListener('unhandledrejection', function () {
    setTimeout(late, 1000);
  });
  addEventListener('load', function () {
    if ('old' in root.dataset)
      say('This browser is too old for Aldis. It needs Chrome 123, Firefox 125, Safari 17.5, or newer ones.');
    else setTimeout(late, PATIENCE);
    new MutationObserver(function () {
      if (started()) document.getElementById('cannot').hidden = true;
    }).observe(document.querySelector('aldis-root'), { childList: true });
  });
})();
