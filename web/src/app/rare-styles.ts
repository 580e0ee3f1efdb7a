import './ui/form-styles';

import attachments from './attachments/attachments.css' with { loader: 'text' };
import emoji from './chat/emoji.css' with { loader: 'text' };
import mentionList from './chat/mention-list.css' with { loader: 'text' };
import messageMenu from './chat/message-menu.css' with { loader: 'text' };
import options from './conversations/options.css' with { loader: 'text' };
import details from './details/details.css' with { loader: 'text' };
import groups from './groups/groups.css' with { loader: 'text' };
import invitations from './invitations/invitations.css' with { loader: 'text' };
import search from './search/search.css' with { loader: 'text' };
import reactions from './chat/reactions.css' with { loader: 'text' };
import settings from './settings/settings.css' with { loader: 'text' };
import { adopt } from './ui/adopt';
import menu from './ui/menu.css' with { loader: 'text' };

adopt(
  menu,
  emoji,
  reactions,
  options,
  groups,
  details,
  invitations,
  search,
  mentionList,
  messageMenu,
  attachments,
  settings,
);
