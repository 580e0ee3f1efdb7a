import { DOCUMENT, inject, Service } from '@angular/core';
import { Title } from '@angular/platform-browser';

/** The title of the tab, with what is unread before it: “(3) Ann · Aldis”. */
@Service()
export class CountedTitle extends Title {
  private title = this.getTitle();
  private unread = 0;

  constructor() {
    super(inject(DOCUMENT));
  }

  override setTitle(title: string): void {
    this.title = title;
    super.setTitle(this.unread > 0 ? `(${this.unread}) ${title}` : title);
  }

  count(unread: number): void {
    this.unread = unread;
    this.setTitle(this.title);
  }
}
