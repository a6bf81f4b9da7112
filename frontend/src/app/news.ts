/** Who reads the frames of the socket. */
import type { News } from "@/api/feed";
import { changesNews } from "@/features/changes/news";
import { networksNews } from "@/features/networks/news";
import { peersNews } from "@/features/peers/news";

export const news: readonly News[] = [networksNews, peersNews, changesNews];
