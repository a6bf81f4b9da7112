/** Who reads the frames of the socket. */
import type { News } from "@/api/feed";
import { addressesNews } from "@/features/addresses/news";
import { auditNews } from "@/features/audit/news";
import { changesNews } from "@/features/changes/news";
import { joinKeysNews } from "@/features/joinKeys/news";
import { networksNews } from "@/features/networks/news";
import { peersNews } from "@/features/peers/news";
import { ownPeersNews } from "@/features/peers/ownNews";
import { rulesNews } from "@/features/rules/news";
import { usersNews } from "@/features/users/news";

export const news: readonly News[] = [
  networksNews,
  peersNews,
  ownPeersNews,
  changesNews,
  joinKeysNews,
  addressesNews,
  rulesNews,
  usersNews,
  auditNews,
];
