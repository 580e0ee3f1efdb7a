import {
  afterNextRender,
  afterRenderEffect,
  Component,
  computed,
  DestroyRef,
  effect,
  ElementRef,
  inject,
  input,
  output,
  signal,
  untracked,
  viewChild,
} from '@angular/core';
import type { ChatKey } from '../../core/chat-key';
import { toSignal } from '@angular/core/rxjs-interop';

import { SendKey } from '../../core/app/send-key';
import { around } from '../../core/language/around';
import { PendingAttachments } from '../../data/attachments/pending-attachments';
import { summary } from '../../data/attachments/summary';
import { TypingStore } from '../../data/live/typing-store';
import type { Entry } from '../../data/messages/timeline';
import { Drafts } from '../../data/outbox/drafts';
import { type Written } from '../../data/outbox/pending';
import { excess } from '../../data/outbox/too-long';
import type { Member } from '../../protocol/protocol';
import { EmojiPanel, FormatBar, MentionList, Recorder, TooLongNote, Tray } from '../../rare';
import { composes } from '../../ui/composes';
import { covered, takesText } from '../../ui/covered';
import { onDrop, pastedFiles } from '../../ui/dropping';
import { Icon } from '../../ui/icon';
import { mark, signOf, write } from './marks';
import { Suggesting } from './suggesting';

/**
 * Where a message is written: Enter or Ctrl+Enter sends, Shift+Enter breaks the line, ↑ in the empty field edits
 * the last message. What is typed while nothing else takes it goes here, too.
 */
@Component({
  selector: 'aldis-composer',
  imports: [EmojiPanel, FormatBar, Icon, MentionList, Recorder, TooLongNote, Tray],
  templateUrl: './composer.html',
  host: { '(document:keydown)': 'elsewhere($event)' },
})
export class Composer {
  protected readonly words = {
    stopEditing: $localize`Stop editing`,
    noReply: $localize`Do not reply`,
    wait: $localize`Do not send yet`,
    save: $localize`Save`,
    send: $localize`Send`,
    to: (title: string) => $localize`Message to ${title}:name:`,
  };
  private readonly drafts = inject(Drafts);
  private readonly typing = inject(TypingStore);
  private readonly sendKey = inject(SendKey);
  private readonly attached = inject(PendingAttachments);
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;

  readonly chat = input.required<ChatKey>();
  readonly title = input.required<string>();
  readonly names = input.required<ReadonlyMap<string, string>>();
  /** Whom an `@` may name: the members of a group. */
  readonly members = input<readonly Member[]>([]);
  readonly me = input('');
  readonly replying = input.required<Entry | null>();
  readonly editing = input.required<Entry | null>();
  readonly failure = input('');
  readonly send = output<Written>();
  readonly save = output<string>();
  readonly dismiss = output();
  readonly editLast = output();
  readonly stepReply = output<1 | -1>();

  protected readonly text = signal('');
  /**
   * The text as it is sent: half a character, which a program may leave behind, becomes a replacement
   * character.
   */
  protected readonly message = computed(() => this.text().trim().toWellFormed());
  private readonly chats = toSignal(this.attached.chats$, { requireSync: true });
  /** What goes with it; a message that is changed keeps what it carries. */
  protected readonly held = computed(() => this.chats() && this.attached.of(this.chat()));
  protected readonly waiting = computed(() => this.held().waiting);
  /** Files are dragged over the chat. */
  protected readonly dropping = signal(false);
  protected readonly empty = computed(
    () => this.message() === '' && (this.editing() !== null || this.held().files.length === 0),
  );
  /** Said before the server says it; only the server knows for certain. */
  protected readonly tooLong = computed(() => excess(this.message()) > 0);
  /** The message above the field: the one that is answered or changed. */
  protected readonly context = computed(() => {
    const entry = this.editing() ?? this.replying();
    if (!entry) return null;
    const who = this.names().get(entry.sender) ?? entry.sender;
    return {
      heading: around((name) =>
        this.editing()
          ? $localize`Edit message`
          : entry.own
            ? $localize`Reply to yourself`
            : $localize`Reply to ${name}:name:`,
      ),
      who: this.editing() || entry.own ? '' : who,
      text: summary(entry),
      icon: this.editing() ? ('edit' as const) : ('reply' as const),
    };
  });
  /** Whether the emoji are open. */
  protected readonly picking = signal(false);
  /** A voice is recorded in place of what is written. */
  protected readonly recording = signal(false);
  /** It goes as soon as the tray has it. */
  private readonly spoken = signal(false);
  /** Something is, so marks can go around it. */
  protected readonly selected = signal(false);
  protected readonly suggesting = new Suggesting(this.members, this.me, ({ written: { text, caret } }) => {
    const field = this.field().nativeElement;
    write(field, text, 0, field.value.length);
    field.setSelectionRange(caret, caret);
    this.typed();
  });
  private readonly tray = viewChild<Tray>('tray');
  private readonly field = viewChild.required<ElementRef<HTMLTextAreaElement>>('field');

  constructor() {
    const gone = new AbortController();
    afterNextRender(() => {
      onDrop(
        this.host.closest<HTMLElement>('aldis-chat') ?? this.host,
        gone.signal,
        (over) => this.dropping.set(over && !this.editing()),
        (files) => this.attach(files),
      );
      this.write(this.drafts.of(this.chat()));
      this.offer();
    });
    inject(DestroyRef).onDestroy(() => {
      gone.abort();
      this.typing.stopped();
    });
    // Once the tray is there, which was made for it.
    afterRenderEffect(() => {
      const [spoken, tray] = [this.spoken(), this.tray()];
      if (!spoken || !tray) return;
      this.spoken.set(false);
      void tray.send('', untracked(this.replying)?.message?.id);
    });
    // The field was not to be seen meanwhile.
    let recorded = false;
    afterRenderEffect(() => {
      if (recorded && !this.recording()) this.offer();
      recorded = this.recording();
    });
    // The draft steps aside while an earlier message is changed, and may be gone once files are no longer
    // waited for.
    effect(() => {
      const [editing, waiting] = [this.editing(), this.waiting()];
      untracked(() => {
        if (editing && waiting) this.stop();
        if (editing) this.recording.set(false);
        this.write(editing ? editing.text : this.drafts.of(this.chat()));
      });
    });
  }

  /** Not on a touch screen: its keyboard would cover what one came to read. */
  protected offer(): void {
    if (!matchMedia('(pointer: coarse)').matches) this.focus();
  }

  focus(): void {
    this.field().nativeElement.focus();
  }

  /** A text before what is in the field; not while something else is changed or waits there. */
  put(text: string): boolean {
    if (this.editing() || this.waiting()) return false;
    this.recording.set(false);
    const before = this.field().nativeElement.value;
    this.write(before ? `${text}\n${before}` : text);
    this.drafts.keep(this.chat(), this.text());
    this.focus();
    return true;
  }

  protected typed(): void {
    const text = this.field().nativeElement.value;
    this.text.set(text);
    this.look();
    if (this.editing()) return;
    this.drafts.keep(this.chat(), text);
    this.typing.typed(this.chat(), text.trim() === '');
  }

  protected look(): void {
    const field = this.field().nativeElement;
    this.selected.set(field.selectionStart !== field.selectionEnd);
    this.suggesting.look(field);
  }

  /** Where the caret is, in place of what is selected. */
  protected insert(text: string): void {
    if (this.waiting()) return;
    const field = this.field().nativeElement;
    write(field, text, field.selectionStart, field.selectionEnd);
    this.typed();
  }

  private markKey(event: KeyboardEvent): boolean {
    const sign = signOf(event);
    if (sign) this.mark(sign);
    return sign !== undefined;
  }

  protected mark(sign: string): void {
    if (this.waiting()) return;
    mark(this.field().nativeElement, sign);
    this.typed();
  }

  /** Ctrl+Enter and ⌘+Enter always do; Enter alone by choice, and not on a touch screen. */
  private sends({ ctrlKey, metaKey, shiftKey, altKey }: KeyboardEvent, plain: boolean): boolean {
    if (plain) return this.sendKey.enter() && !matchMedia('(pointer: coarse)').matches;
    return (ctrlKey || metaKey) && !shiftKey && !altKey;
  }

  protected key(event: KeyboardEvent): void {
    // While an input method composes, its keys are its own.
    if (composes(event)) return;
    const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (plain ? this.suggesting.key(event) : this.markKey(event)) return event.preventDefault();
    if (event.key === 'Enter' && this.sends(event, plain)) this.submit();
    else if (event.key === 'Escape' && this.waiting()) this.stop();
    else if (event.key === 'Escape' && this.context()) this.dismiss.emit();
    else if (event.key === 'ArrowUp' && plain && this.text() === '' && !this.context()) this.editLast.emit();
    else if (event.key === 'ArrowUp' && event.ctrlKey && !this.editing()) this.stepReply.emit(-1);
    else if (event.key === 'ArrowDown' && event.ctrlKey && this.replying()) this.stepReply.emit(1);
    else return;
    event.preventDefault();
  }

  /** What is typed while nothing takes it goes into the field. */
  protected elsewhere(event: KeyboardEvent): void {
    const { key, target, defaultPrevented, ctrlKey, metaKey, altKey } = event;
    // One character, and not one that means something to the page: Space presses a button, ? lists the keys.
    if (defaultPrevented || composes(event) || ctrlKey || metaKey || altKey || [...key].length !== 1) return;
    if (key === ' ' || key === '?' || takesText(target) || covered()) return;
    this.focus();
  }

  protected attach(files: readonly File[]): void {
    if (files.length === 0 || this.editing()) return;
    this.attached.add(this.chat(), files);
    this.offer();
  }

  /** What was recorded goes the way of every file. */
  protected recorded(voice: File): void {
    this.recording.set(false);
    this.attach([voice]);
    this.spoken.set(true);
  }

  protected choose(picker: HTMLInputElement): void {
    this.attach([...(picker.files ?? [])]);
    // The same file may be chosen again.
    picker.value = '';
  }

  protected paste(event: ClipboardEvent): void {
    const files = pastedFiles(event.clipboardData);
    if (files.length === 0) return;
    event.preventDefault();
    this.attach(files);
  }

  protected stop(): void {
    this.attached.set(this.chat(), { waiting: false });
  }

  protected submit(): void {
    if (this.empty() || this.waiting()) return;
    const text = this.message();
    if (this.editing()) return this.save.emit(text);
    this.typing.stopped();
    if (this.held().files.length > 0) return void this.tray()?.send(text, this.replying()?.message?.id);
    this.finish({ text, attachments: [] });
    this.focus();
  }

  /** One after the other, as the outbox keeps them. */
  protected sendParts(parts: readonly string[]): void {
    this.typing.stopped();
    this.drafts.keep(this.chat(), '');
    this.write('');
    for (const text of parts) this.send.emit({ text, attachments: [] });
    this.focus();
  }

  protected finish(written: Written): void {
    this.drafts.keep(this.chat(), '');
    this.write('');
    this.send.emit(written);
  }

  private write(text: string): void {
    const field = this.field().nativeElement;
    field.value = text;
    field.setSelectionRange(text.length, text.length);
    this.selected.set(false);
    this.suggesting.end();
    this.text.set(text);
  }
}
