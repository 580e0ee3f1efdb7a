import '../../ui/form-styles';

import { adopt } from '../../ui/adopt';
import auth from './auth.css' with { loader: 'text' };

adopt(auth);
