import { adopt } from './adopt';
import forms from './forms.css' with { loader: 'text' };

adopt(forms);
