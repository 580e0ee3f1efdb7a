import './ui/form-styles';

import admin from './features/admin/admin.css' with { loader: 'text' };
import archived from './features/conversations/archived.css' with { loader: 'text' };
import attachments from './features/attachments/attachments.css' with { loader: 'text' };
import code from './features/chat/code.css' with { loader: 'text' };
import chatSearch from './features/chat/chat-search.css' with { loader: 'text' };
import emoji from './features/chat/emoji.css' with { loader: 'text' };
import formatBar from './features/chat/format-bar.css' with { loader: 'text' };
import mentionList from './features/chat/mention-list.css' with { loader: 'text' };
import messageMenu from './features/chat/message-menu.css' with { loader: 'text' };
import selectionBar from './features/chat/selection-bar.css' with { loader: 'text' };
import newcomer from './features/conversations/newcomer.css' with { loader: 'text' };
import options from './features/conversations/options.css' with { loader: 'text' };
import details from './features/details/details.css' with { loader: 'text' };
import groups from './features/groups/groups.css' with { loader: 'text' };
import invitations from './features/invitations/invitations.css' with { loader: 'text' };
import search from './features/search/search.css' with { loader: 'text' };
import media from './features/media/media.css' with { loader: 'text' };
import reactions from './features/chat/reactions.css' with { loader: 'text' };
import settings from './features/settings/settings.css' with { loader: 'text' };
import keyList from './features/shell/key-list.css' with { loader: 'text' };
import { adopt } from './core/adopt';
import menu from './ui/menu.css' with { loader: 'text' };

adopt(
  menu,
  admin,
  archived,
  chatSearch,
  emoji,
  code,
  reactions,
  options,
  groups,
  details,
  media,
  invitations,
  search,
  formatBar,
  mentionList,
  messageMenu,
  attachments,
  settings,
  selectionBar,
  newcomer,
  keyList,
);
