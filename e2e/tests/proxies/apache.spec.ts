import { behind } from './behind.ts';

behind('apache');
