import {
  afterNextRender,
  Component,
  computed,
  inject,
  Injector,
  input,
  output,
  signal,
  viewChild,
} from '@angular/core';

import { hasUser, sameUser } from '../../core/handle';
import { explain } from '../../core/http/problem';
import { plural } from '../../core/language/plural';
import { membersOf, roleOf, titleOf } from '../../data/conversations/conversation';
import { ConversationStore } from '../../data/conversations/conversation-store';
import type { Acquaintance } from '../../data/people/acquaintances';
import { Groups } from '../../data/groups/groups';
import { readMembers } from '../../data/groups/member-store';
import { actionsOn, byRank, leads, type MemberAction } from '../../data/groups/roles';
import { ShownPerson } from '../../data/people/shown-person';
import type { Conversation, ConversationId, Member } from '../../protocol/protocol';
import { type Anchor, below } from '../../ui/anchor';
import { Avatar } from '../../ui/avatar';
import { Confirm } from '../../ui/confirm';
import { Field } from '../../ui/field';
import { Icon } from '../../ui/icon';
import { Menu } from '../../ui/menu';
import { PictureField } from '../../ui/picture-field';
import { Presses } from '../../ui/presses';
import { LeaveGroup } from '../groups/leave-group';
import { MemberPicker } from '../groups/member-picker';
import { Invitees } from './invitees';
import { MuteSwitch } from './mute-switch';

/** Members that are listed before one asks for the others. */
const SHOWN = 50;

interface Asked {
  readonly action: MemberAction | 'leave';
  readonly member?: Member;
}

/** About a group: its name, its members, and what one may change. */
@Component({
  selector: 'aldis-group-details',
  imports: [Avatar, Confirm, Field, Icon, Invitees, LeaveGroup, MemberPicker, Menu, MuteSwitch, PictureField],
  templateUrl: './group-details.html',
})
export class GroupDetails {
  protected readonly words = {
    cancel: $localize`Cancel`,
    save: $localize`Save`,
    rename: $localize`Rename`,
    members: $localize`Members`,
    you: $localize`(you)`,
    owner: $localize`Owner`,
    admin: $localize`Admin`,
    actionsFor: (name: string) => $localize`Actions for ${name}:name:`,
    leave: $localize`Leave group`,
    makeOwner: (name = '') => $localize`Make ${name}:name: the owner?`,
    below: $localize`You will be an admin, and only they can change that.`,
    remove: (name = '') => $localize`Remove ${name}:name:?`,
    stays: $localize`They will no longer see what is written here. What they wrote stays.`,
  };
  private readonly groups = inject(Groups);
  private readonly injector = inject(Injector);
  protected readonly person = inject(ShownPerson);
  private readonly me = inject(ConversationStore).me;

  readonly group = input.required<Conversation>();
  /** It was left. */
  readonly gone = output();

  protected readonly names: Record<MemberAction, string> = {
    admin: $localize`Make admin`,
    member: $localize`No longer admin`,
    owner: $localize`Make owner`,
    remove: $localize`Remove from group`,
  };
  protected readonly below = below;
  protected readonly title = computed(() => titleOf(this.group(), this.me));
  protected readonly role = computed(() => roleOf(this.group(), this.me));
  protected readonly leads = computed(() => leads(this.role()));
  private readonly members = readMembers(this.group);
  protected readonly usernames = computed(() => this.members().map(({ username }) => username));
  protected readonly count = computed(() => membersOf(this.group()));
  protected readonly all = signal(false);
  private readonly ranked = computed(() => byRank(this.members()));
  protected readonly shown = computed(() => (this.all() ? this.ranked() : this.ranked().slice(0, SHOWN)));
  protected readonly rest = computed(() => this.ranked().length - this.shown().length);
  protected readonly more = computed(() =>
    plural(this.rest(), $localize`{count, plural, one {Show # more} other {Show # more}}`),
  );

  protected readonly renaming = signal(false);
  private readonly presses = new Presses();
  protected readonly busy = this.presses.busy;
  protected readonly failure = signal('');
  protected readonly menu = signal<{ member: Member; at: Anchor } | null>(null);
  protected readonly asking = signal<Asked | null>(null);
  private readonly name = viewChild<Field>('name');
  private readonly invitees = viewChild(Invitees);
  /** What became of adding somebody. */
  protected readonly said = signal('');
  private readonly picker = viewChild<MemberPicker>('picker');

  protected readonly savePicture = (picture: Blob | null) =>
    this.groups.changePicture(this.group().id, picture);

  protected isMe({ username }: Member): boolean {
    return sameUser(username, this.me);
  }

  protected actions(member: Member): MemberAction[] {
    return actionsOn(this.group(), member, this.me);
  }

  protected startRenaming(): void {
    this.renaming.set(true);
    afterNextRender(() => this.name()?.focus(), { injector: this.injector });
  }

  protected stopRenaming(): void {
    this.presses.forget();
    this.renaming.set(false);
  }

  protected submitName(): void {
    const name = this.name();
    if (!name?.require($localize`What is the group called?`)) return name?.focus();
    const [id, title] = [this.group().id, name.value()];
    this.presses.press([id, title], () => this.rename(id, title));
  }

  private async rename(id: ConversationId, title: string): Promise<boolean> {
    this.name()?.error.set('');
    try {
      await this.groups.change(id, { title });
      if (!this.presses.followed) this.renaming.set(false);
    } catch (error) {
      this.name()?.error.set(explain(error));
      this.name()?.focus();
    }
    return false;
  }

  protected async add({ username, displayName }: Acquaintance): Promise<void> {
    this.said.set('');
    try {
      const { invited } = await this.groups.put(this.group().id, username);
      if (!hasUser(invited, username)) return;
      this.said.set($localize`${displayName}:name: is invited and has to accept.`);
      await this.invitees()?.read();
    } catch (error) {
      this.picker()?.error.set(explain(error));
    }
  }

  protected choose(action: MemberAction, member: Member): void {
    this.failure.set('');
    // What can be taken back at once is not asked about.
    if (action === 'owner' || action === 'remove') this.asking.set({ action, member });
    else void this.ask({ action, member })().catch((error: unknown) => this.failure.set(explain(error)));
  }

  protected ask({ action, member }: Asked): () => Promise<unknown> {
    const { id } = this.group();
    const username = member?.username ?? '';
    return action === 'remove'
      ? () => this.groups.remove(id, username)
      : () => this.groups.put(id, username, action === 'leave' ? 'member' : action);
  }
}
