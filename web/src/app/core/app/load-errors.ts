import { ErrorHandler, signal } from '@angular/core';

/** How browsers say that a part of the program did not come; and Angular, of what is shown in `@defer`. */
const LOADING = /dynamically imported module|importing a module script|NG0?750/i;

const missing = signal(false);
/** A part of the client could not be loaded, so what needs it does nothing until the page is loaded anew. */
export const partMissing = missing.asReadonly();

export class LoadErrors extends ErrorHandler {
  override handleError(error: unknown): void {
    if (LOADING.test(String(error))) missing.set(true);
    super.handleError(error);
  }
}
