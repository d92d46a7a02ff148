import { sqliteStore } from '../itsm.js';

/** A store by the library that this Node can load: `better-sqlite3` is compiled for one version. @param {string} file */
export async function sqliteAt(file) {
  if (Number(process.versions.node.split('.')[0]) < 22) {
    const { default: Database } = await import('better-sqlite3');
    return sqliteStore(new Database(file));
  }
  const { DatabaseSync } = await import('node:sqlite');
  return sqliteStore(new DatabaseSync(file));
}
