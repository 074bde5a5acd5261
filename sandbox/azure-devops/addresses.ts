import { ORGANISATION, PROJECT, PROJECT_ID, REPOSITORY, REPOSITORY_ID } from '../core/tenancy.ts';
import { guidOf } from './identity.ts';

/** Addresses and references that appear in answers and in service-hook notifications. */
export class Addresses {
  readonly #baseUrl: () => string;

  constructor(baseUrl: () => string) {
    this.#baseUrl = baseUrl;
  }

  organisation(): string {
    return `${this.#baseUrl()}/ado/${ORGANISATION}`;
  }

  /** Of the project's REST API, for example `wit/workItems/5`. */
  api(path: string): string {
    return `${this.organisation()}/${PROJECT_ID}/_apis/${path}`;
  }

  /** Of the repository's REST API; `path` empty or beginning with a slash. */
  repositoryApi(path: string): string {
    return this.api(`git/repositories/${REPOSITORY_ID}${path}`);
  }

  project(): object {
    return {
      id: PROJECT_ID,
      name: PROJECT,
      url: `${this.organisation()}/_apis/projects/${PROJECT_ID}`,
      state: 'wellFormed',
      visibility: 'private',
    };
  }

  repository(): object {
    return {
      id: REPOSITORY_ID,
      name: REPOSITORY,
      url: this.repositoryApi(''),
      project: this.project(),
      defaultBranch: 'refs/heads/main',
      remoteUrl: `${this.organisation()}/${PROJECT}/_git/${REPOSITORY}`,
      webUrl: `${this.organisation()}/${PROJECT}/_git/${REPOSITORY}`,
    };
  }

  /** The containers of a service-hook event. */
  containers(): object {
    const baseUrl = `${this.organisation()}/`;
    return {
      collection: { id: guidOf('collection'), baseUrl },
      account: { id: guidOf('account'), baseUrl },
      project: { id: PROJECT_ID, baseUrl },
    };
  }
}
