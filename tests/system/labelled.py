"""Stories that the shipped classifier has something to say of: education, science, talent, two of them, or nothing. Which labels a story gets is asked of `millrace process`, never assumed."""
import random

import news

_ABOUT = {
    "education": ("{p}教育局发布新学期安排,{p}第{d}小学新增{d}个班级,教师与学生{k}人。", "{p}中学开展课程改革,校长说课后服务覆盖全部学生。", "{p}公布中考招生计划,高中学位增加{k}个,幼儿园学位同步扩充。"),
    "science": ("{p}实验室的研究团队发表论文,揭示量子材料的新机制。", "{p}科学家利用望远镜观测到{d}颗系外行星,数据已经公开。", "{p}研究院承担基础研究项目,重点攻关芯片与人工智能关键技术。"),
    "talent": ("{p}出台人才引进办法,高层次人才可申领安家补贴{k}元。", "{p}人才公寓交付{k}套,博士后工作站同步揭牌。", "{p}举办人才招聘会,{k}个岗位面向青年人才,引才政策现场兑现。"),
    "": ("{p}早市{d}点开张,菜价比昨天便宜{d}成。", "{p}明天有小雨,风力{d}级,出门请带伞。", "{p}面馆重新开张,{n}端出{d}种浇头。"),
}
KINDS = ("education", "science", "talent", "", "education science", "science talent")


def text(seed, kind, sentences=14):
    r = random.Random(f"labelled {seed}")
    lines = []
    for number in range(sentences):
        about = r.choice(kind.split() or [""])
        line = r.choice(_ABOUT[about]).format(p=news._word(r, 2, 3) + r.choice("市县区"), d=r.randint(2, 28), k=r.randint(30, 9000), n=news._word(r, 2, 3))
        lines.append(line + news.sentence(r) if number % 3 == 0 else line)
    return "\n".join(lines)


def record(seed, kind, **more):
    return news.record(seed, **{"text": text(seed, kind), **more})
