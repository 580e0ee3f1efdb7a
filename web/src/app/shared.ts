// What the messenger shares with parts that are loaded at other times. As the main part imports it, the build
// puts it there, in place of small files that each first load would have to ask for.
import './core/http/backoff';
import './core/storage/locked';
