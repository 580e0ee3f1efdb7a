import { behind } from './behind.ts';

behind('haproxy');
