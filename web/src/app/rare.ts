// What is needed now and then. Loaded together at the first need, and a while after the start for what it
// does behind the page: each by itself, the build would split what they share with the messenger into many
// small files, all of which the first load would have to fetch.
import './rare-styles';
import './ui/rare-icons';

export { AttachmentView } from './attachments/attachment';
export { Tray } from './attachments/tray';
export { EmojiPanel } from './chat/emoji-panel';
export { ExcerptReads } from './chat/excerpt-reads';
export { readGroupNotes } from './chat/group-change-store';
export { MentionList } from './chat/mention-list';
export { MessageMenu } from './chat/message-menu';
export { Reactions } from './chat/reactions';
export { NewConversation } from './conversations/new-conversation';
export { QuickSwitch } from './conversations/quick-switch';
export { Details } from './details/details';
export { Invitations } from './invitations/invitations';
export { readMembers } from './groups/member-store';
export { NewGroup } from './groups/new-group';
export { Notices } from './notices/notices';
export { NameReads } from './people/name-reads';
export { Search } from './search/search';
export { Me } from './settings/me';
export { Settings } from './settings/settings';
export { AccountMenu } from './shell/account-menu';
export { ShellNotes } from './shell/shell-notes';
export { Versions } from './shell/versions';
export { Dialog } from './ui/dialog';
