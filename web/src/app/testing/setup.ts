// The DOM of the unit tests has no sheets that a script adds.
Object.assign(document, { adoptedStyleSheets: [] });
