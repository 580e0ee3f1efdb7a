import '../../ui/form-styles';

import { adopt } from '../../core/adopt';
import auth from './auth.css' with { loader: 'text' };

adopt(auth);
