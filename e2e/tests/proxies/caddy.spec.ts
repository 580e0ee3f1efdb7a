import { behind } from './behind.ts';

behind('caddy');
