import type { Rule } from "../judged-tree.ts"
import { profileNoneHasNoServer, profilesAreKept } from "./checks.ts"
import { compressionIsReadable } from "./compression.ts"
import { contextsAreThere, dockerfilesAreThere, environmentsAreThere } from "./files.ts"
import { labelsKeepStill } from "./labels.ts"
import {
  layersHaveAnEnvironment,
  debianNamesAreLegal,
  dockerfileFieldsHaveOne,
  imagesAddSomething,
  imagesAreMadeInOneWay,
  imagesHaveWhatTheyStandOn,
} from "./makes.ts"
import { prefixesAreLegal, repositoriesAreLegal, rowsHaveOneName, rowsHaveTheirOwnTags, stateIsApart } from "./names.ts"
import { dockerfilesAgreeWithFrom, dockerfilesHaveParents } from "./parents.ts"
import { platformsAreDistinct, platformsAreTheParents } from "./platforms.ts"
import { descendantsOfAloneAreAlone } from "./publishing.ts"
import { registryIsOne } from "./registry.ts"
import { secretsAreDeclared, secretsHaveOneSource } from "./secrets.ts"
import { tagsAreLegal, tagsDoNotCollide, tagTemplatesAreSound } from "./tags.ts"

/** Every rule over rows. */
export const rules: readonly Rule[] = [
  registryIsOne,
  rowsHaveOneName,
  repositoriesAreLegal,
  stateIsApart,
  rowsHaveTheirOwnTags,
  prefixesAreLegal,
  tagTemplatesAreSound,
  tagsAreLegal,
  tagsDoNotCollide,
  imagesAreMadeInOneWay,
  dockerfileFieldsHaveOne,
  layersHaveAnEnvironment,
  compressionIsReadable,
  imagesHaveWhatTheyStandOn,
  imagesAddSomething,
  debianNamesAreLegal,
  dockerfilesAgreeWithFrom,
  dockerfilesHaveParents,
  environmentsAreThere,
  dockerfilesAreThere,
  contextsAreThere,
  platformsAreTheParents,
  platformsAreDistinct,
  descendantsOfAloneAreAlone,
  profilesAreKept,
  profileNoneHasNoServer,
  labelsKeepStill,
  secretsHaveOneSource,
  secretsAreDeclared,
]
