import { Scope, type ExistingProvider, type FactoryProvider } from '@nestjs/common';
import { LockOptionsError } from '../errors/lock-options.error';
import { copiesWithoutModule, type Copy } from '../service/copies';
import { getLockServiceToken } from '../service/lock-service-token';
import { VERSION } from '../service/version';

/**
 * What users of other copies of the library get, who inject the class `LockService` of their copy: the service of this
 * one, or a reason if the versions do not fit together.
 */
export function lockServicesOfCopies(): (ExistingProvider | FactoryProvider)[] {
  const { compatible, strange } = copiesWithoutModule();
  return [
    ...compatible.map(({ lockService }) => ({ provide: lockService, useExisting: getLockServiceToken() })),
    // Nest makes a transient provider only where it is injected. So only those hear of it who would have no service.
    ...strange.map((copy) => ({
      provide: copy.lockService,
      scope: Scope.TRANSIENT,
      useFactory: () => {
        throw new LockOptionsError('LockService', asksAnother(copy));
      },
    })),
  ];
}

const asksAnother = ({ version, folder }: Copy): string =>
  `is injected as the class of @nest-quorum/redlock ${version} from ${folder}, and the RedlockModule is that of ${VERSION}, ` +
  'which does not know it. Install one version in all packages; npm ls @nest-quorum/redlock shows who has which.';
