import { adopt } from '../core/adopt';
import forms from './forms.css' with { loader: 'text' };

adopt(forms);
