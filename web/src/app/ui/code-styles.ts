import './form-styles';

import { adopt } from '../core/adopt';
import code from './code-field.css' with { loader: 'text' };

adopt(code);
