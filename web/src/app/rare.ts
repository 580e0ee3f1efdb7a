// What is needed now and then. Loaded together at the first need, and a while after the start for what it
// does behind the page: each by itself, the build would split what they share with the messenger into many
// small files, all of which the first load would have to fetch.
import './rare-styles';
import './ui/rare-icons';

export { Admin } from './features/admin/admin';
export { AttachmentView } from './features/attachments/attachment';
export { Recorder } from './features/attachments/recorder';
export { Tray } from './features/attachments/tray';
export { CodeBlock } from './features/chat/code-block';
export { ChatSearch } from './features/chat/chat-search';
export { DayPicker } from './features/chat/day-picker';
export { EmojiPanel } from './features/chat/emoji-panel';
export { ExcerptReads } from './data/messages/excerpt-reads';
export { readSystemMessages } from './data/messages/group-change-store';
export { FormatBar } from './features/chat/format-bar';
export { MentionList } from './features/chat/mention-list';
export { MessageMenu } from './features/chat/message-menu';
export { SelectionBar } from './features/chat/selection-bar';
export { onReplyGestures } from './features/chat/reply-gestures';
export { suggestions } from './features/chat/suggestions';
export { TooLongNote } from './features/chat/too-long-note';
export { Reactions } from './features/chat/reactions';
export { Archived } from './features/conversations/archived';
export { ConversationMenu } from './features/conversations/conversation-menu';
export { Newcomer } from './features/conversations/newcomer';
export { NewMenu } from './features/conversations/new-menu';
export { NewConversation } from './features/conversations/new-conversation';
export { Details } from './features/details/details';
export { PersonCard } from './features/details/person-card';
export { Invitations } from './features/invitations/invitations';
export { MuteEnds } from './data/conversations/mute-ends';
export { readMembers } from './data/groups/member-store';
export { NewGroup } from './features/groups/new-group';
export { Notifications } from './data/notifications/notifications';
export { NameReads } from './data/groups/name-reads';
export { Search } from './features/search/search';
export { ProfileSync } from './data/people/profile-sync';
export { Settings } from './features/settings/settings';
export { AccountMenu } from './features/shell/account-menu';
export { KeyList } from './features/shell/key-list';
export { Offer } from './features/shell/offer';
export { ShellNotes } from './features/shell/shell-notes';
export { Versions } from './core/app/versions';
export { Dialog } from './ui/dialog';
